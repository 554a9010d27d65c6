/** Features that come when they are asked for: an expression may name one before it is a column of the page. */

import { texts } from '../../read';
import { featureName, type Scope } from '../columns/fields';
import { guarded } from '../guarded';
import type { Hub } from '../part';
import { coming } from './words';

const COLUMNS = 'columns';

export interface Offered {
  /** What an expression may name, these included. */
  readonly among: (scope: Scope) => Scope;
  /** Asks for a feature that is not here: says that it will come, or nothing. */
  readonly want: (name: string) => string;
  readonly end: () => void;
}

export function createOffered({ source }: Hub): Offered {
  let offered: ReadonlySet<string> = new Set();
  const asked = new Set<string>();
  /** Features by what an expression calls them. */
  const names = new Map<string, string>();
  const end = source.hear(COLUMNS, ({ kind, body }) => {
    if (kind === 'offered') {
      guarded(source, () => (offered = new Set(texts(body, 'names'))));
      asked.clear(); // it may be told anew: what was asked for may have gone astray
    }
  });
  return {
    among(scope) {
      const more = [...offered].filter((name) => !scope.fetched.has(name));
      more.forEach((name) => names.set(scope.find(name) ? featureName(name) : name, name));
      return { ...scope, names: [...new Set([...scope.names, ...names.keys()])] };
    },
    want(given) {
      const name = names.get(given) ?? given;
      if (offered.has(name) && !asked.has(name)) {
        asked.add(name);
        source.ask(COLUMNS, { what: 'feature', name });
      }
      return asked.has(name) ? coming(name) : '';
    },
    end,
  };
}
