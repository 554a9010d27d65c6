// Says how large the bundles are, and fails when one is over its budget (bytes, minified).
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGETS = {
  'dvlwidgets/static/widget.js': 150_000,
  'dvlwidgets/static/influence.js': 150_000,
  'dvlwidgets/static/whatif.js': 12_000,
  'dvlwidgets/static/tests.js': 15_000,
  'dvlwidgets/static/view.js': 18_000,
  'dvlwidgets/static/previews.js': 12_000,
  'dvlwidgets/static/around.js': 8_000,
  'dvlwidgets/static/history.js': 15_000,
  'dvlwidgets/static/table.js': 36_000,
  'dvlwidgets/static/pictures.js': 40_000,
  'dvlwidgets/static/expression.js': 17_500,
  'dvlwidgets/static/viewer.js': 60_000,
};

for (const [file, budget] of Object.entries(BUDGETS)) {
  const content = readFileSync(file);
  const words = `${file}: ${content.length} bytes, ${gzipSync(content).length} gzipped, of ${budget}`;
  if (content.length > budget) {
    console.error(`${words}: too large`);
    process.exitCode = 1;
  } else {
    console.log(words);
  }
}

/** What a live panel loads while nobody touches it; the previews only where a point has more to be seen. */
const AT_REST = [['widget', 'previews'], ['influence']];
const MOST_AT_REST = 150_000;
for (const names of AT_REST) {
  const size = names.reduce((sum, name) => sum + readFileSync(`dvlwidgets/static/${name}.js`).length, 0);
  const words = `At rest (${names.join(' and ')}): ${size} bytes of ${MOST_AT_REST}`;
  if (size > MOST_AT_REST) {
    console.error(`${words}: too large`);
    process.exitCode = 1;
  } else {
    console.log(words);
  }
}
