/** What parts that come later are called, and what stands in their place until then. */

export const enum Called {
  whatIf = 'what if',
  tests = 'test points',
  language = 'language of filters',
}

export const showPart = (name: string): string => `Show ${name}`;
