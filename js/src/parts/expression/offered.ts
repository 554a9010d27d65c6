/** Features that come when they are asked for: an expression may name one before it is a column of the page. */

import { createFetching } from '../columns/fetching';
import type { Hub } from '../part';
import { featureName, type Scope } from './scope';
import { coming } from './words';

export interface Offered {
  /** What an expression may name, these included. */
  readonly among: (scope: Scope) => Scope;
  /** Asks for a feature that is not here: says that it will come, or nothing. */
  readonly want: (name: string) => string;
  readonly end: () => void;
}

export function createOffered({ source }: Hub): Offered {
  const { offered, want, end } = createFetching(source, 'names');
  /** Features by what an expression calls them. */
  const names = new Map<string, string>();
  return {
    among(scope) {
      const more = offered().filter((name) => !scope.fetched.has(name));
      more.forEach((name) => names.set(scope.find(name) ? featureName(name) : name, name));
      return { ...scope, names: [...new Set([...scope.names, ...names.keys()])] };
    },
    want(given) {
      const name = names.get(given) ?? given;
      return want(name) ? coming(name) : '';
    },
    end,
  };
}
