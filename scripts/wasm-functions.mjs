// The size of each function of a wasm file, from its code and name sections. No dependency, because the tools that do
// this do not read the newer sections that wasm-bindgen writes.

/**
 * Heaviest first; the data section counts as one entry.
 * @param {Uint8Array} bytes
 * @returns {{ name: string, bytes: number }[]}
 */
export function weigh(bytes) {
  let at = 8;
  const unsigned = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const text = () => {
    const length = unsigned();
    at += length;
    return new TextDecoder().decode(bytes.subarray(at - length, at));
  };
  const sizes = [];
  const names = new Map();
  const others = [];
  let imports = 0;
  while (at < bytes.length) {
    const id = bytes[at++];
    const size = unsigned();
    const end = at + size;
    if (id === 2) {
      for (let left = unsigned(); left > 0; left--) {
        text();
        text();
        const kind = bytes[at++];
        if (kind === 0) imports++;
        if (kind === 1) at++;
        if (kind === 3) at++;
        if (kind === 0) unsigned();
        else if (kind === 3) at++;
        else {
          const limits = bytes[at++];
          unsigned();
          if (limits & 1) unsigned();
        }
      }
    } else if (id === 10) {
      for (let left = unsigned(); left > 0; left--) {
        const length = unsigned();
        sizes.push(length);
        at += length;
      }
    } else if (id === 0 && text() === "name") {
      while (at < end) {
        const kind = bytes[at++];
        const stop = unsigned() + at;
        if (kind === 1) for (let left = unsigned(); left > 0; left--) names.set(unsigned(), text());
        at = stop;
      }
    } else if (id === 11) others.push({ name: "(data: strings and tables)", bytes: size });
    at = end;
  }
  return sizes
    .map((size, index) => ({ name: names.get(index + imports) ?? `function ${index + imports}`, bytes: size }))
    .concat(others)
    .sort((a, b) => b.bytes - a.bytes);
}
