/** What people read in the part that shows one point larger. */

export const KEYS: readonly (readonly [string, string])[] = [
  ['v', 'show the point in focus larger, or close that'],
];
export const LARGER = 'Larger preview';
export const LOADING = 'Loading…';
export const PLAY = 'Play';
export const PLAYER = 'Sound of the point';
export const failed = (why: string): string => `The preview could not be made: ${why}`;
export const imageOf = (id: string): string => `Image of point ${id}, larger`;
export const pointOf = (id: string): string => `point ${id}`;
export const features = (n: number, of: number): string =>
  n < of ? `First ${n} of ${of} features` : `All ${n} features`;
export const MEMBERS = 'Members of the group';
export const membersOf = (n: number, of: number): string =>
  n < of ? `First ${n} of ${of} members` : `${n} ${n === 1 ? 'member' : 'members'}`;
