/** A text that js/pack.mjs has shortened, as it was. The build puts it into a bundle that has style sheets. */
export const unpacked = (keys, short) =>
  [...keys].reduce((text, key) => {
    const parts = text.split(key);
    return parts.join(parts.pop());
  }, short);
