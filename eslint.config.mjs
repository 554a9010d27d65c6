import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const pure = [
  'wire',
  'read',
  'shown',
  'frames',
  'points',
  'state',
  'columns',
  'derive',
  'format',
  'keys',
  'layout',
  'source',
  'influence/wire',
  'influence/points',
  'influence/effects',
  'influence/state',
  'influence/chosen',
  'influence/looking',
  'influence/sight',
  'influence/columns',
  'hosts/lab/runs',
  'hosts/lab/requests',
  'hosts/lab/polling',
  'hosts/lab/words',
  'hosts/lab/order',
].map((name) => `js/src/${name}.ts`);
const noDom = ['document', 'window', 'navigator', 'HTMLElement', 'requestAnimationFrame', 'localStorage'];

export default tseslint.config(
  { ignores: ['js/lib/**', '**/*.d.mts'] },
  js.configs.recommended,
  {
    files: ['**/*.mjs', '**/*.mts'],
    languageOptions: { globals: { console: 'readonly', process: 'readonly', setTimeout: 'readonly' } },
  },
  {
    files: ['js/**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { project: ['./js/tests/tsconfig.json'], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': ['error', { allow: ['error'] }],
      'max-lines': ['error', { max: 420, skipBlankLines: true, skipComments: true }],
      // numbers in text are meant
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // indices that the line above has checked: noUncheckedIndexedAccess cannot see it
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-empty-function': 'off',
    },
  },
  {
    files: ['js/src/views/**/*.ts', 'js/src/influence/views/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 260, skipBlankLines: true, skipComments: true }],
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['./*', '**/model', '**/panel', '**/hosts/*'],
              message: 'A view knows neither the comm nor another view.',
            },
          ],
        },
      ],
    },
  },
  {
    // What refuses a damaged message says which field it was, in the words of the format: that is for a report of a bug,
    // and no person who uses a panel meets it. So those who read messages keep their refusals, as does `new WireError`.
    files: ['js/src/*.ts', 'js/src/views/**/*.ts', 'js/src/parts/**/*.ts', 'js/src/influence/**/*.ts'],
    ignores: [
      'js/src/**/words.ts',
      'js/src/**/read.ts',
      'js/src/**/{wire,frames,snapshot,saved,unheard}.ts', // unheard.ts is words altogether
      'js/src/influence/points.ts', // reads messages
    ],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...[
          ':not(Property[key.name="class"], ImportDeclaration, NewExpression[callee.name="WireError"], CallExpression[callee.name=/^(record|array|list|words|querySelector)$/]) > Literal[value=/^[^.#:*]*[a-z],? [a-z]/i]',
          ':not(Property[key.name="class"], NewExpression[callee.name="WireError"]) > TemplateLiteral > TemplateElement[value.raw=/[a-z],? [a-z]/i]',
        ].map((selector) => ({ selector, message: 'What people read stands in a words file.' })),
      ],
    },
  },
  {
    files: pure,
    rules: {
      'no-restricted-globals': ['error', ...noDom],
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: ['**/dom', '**/views/*', '**/model', '**/panel'], message: 'Pure files touch no DOM.' },
          ],
        },
      ],
    },
  }
);
