/**
 * The characters of HPACK's Huffman code by the length of their code, each length in the order of the codes: the code is
 * canonical, so that this is all there is to it. Source: RFC 7541, Appendix B.
 */
const byLength: Readonly<Record<number, readonly number[]>> = {
  5: ascii('012aceiost'),
  6: ascii(' %-./3456789=A_bdfghlmnpru'),
  7: ascii(':BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz'),
  8: ascii('&*,;XZ'),
  10: ascii('!"()?'),
  11: ascii("'+|"),
  12: ascii('#>'),
  13: [0, ...ascii('$@[]~')],
  14: ascii('^}'),
  15: ascii('<`{'),
  19: [92, 195, 208],
  20: [128, 130, 131, 162, 184, 194, 224, 226],
  21: [153, 161, 167, 172, 176, 177, 179, 209, 216, 217, 227, 229, 230],
  22: [
    ...[129, 132, 133, 134, 136, 146, 154, 156, 160, 163, 164, 169, 170, 173, 178, 181, 185, 186, 187],
    ...[189, 190, 196, 198, 228, 232, 233],
  ],
  23: [
    ...[1, 135, 137, 138, 139, 140, 141, 143, 147, 149, 150, 151, 152, 155, 157, 158, 165, 166, 168],
    ...[174, 175, 180, 182, 183, 188, 191, 197, 231, 239],
  ],
  24: [9, 142, 144, 145, 148, 159, 171, 206, 215, 225, 236, 237],
  25: [199, 207, 234, 235],
  26: [192, 193, 200, 201, 202, 205, 210, 213, 218, 219, 238, 240, 242, 243, 255],
  27: [203, 204, 211, 212, 214, 221, 222, 223, 241, 244, 245, 246, 247, 248, 250, 251, 252, 253, 254],
  28: [
    ...[2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 27, 28, 29, 30, 31],
    ...[127, 220, 249],
  ],
  30: [10, 13, 22],
};
const longest = 30;

/** The text that the bytes are the Huffman code of. @throws RangeError where they are no such code */
export function decodeHuffman(bytes: Uint8Array): string {
  const text: number[] = [];
  let code = 0;
  let length = 0;
  let first = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = (code << 1) | ((byte >> bit) & 1);
      first <<= 1;
      length++;
      const characters = byLength[length] ?? [];
      const character = characters[code - first];
      if (character !== undefined) {
        text.push(character);
        code = 0;
        length = 0;
        first = 0;
      } else if (length === longest) throw new RangeError('a header is no Huffman code');
      else first += characters.length;
    }
  }
  // What fills the last byte up are the first bits, all ones, of the longest code.
  if (length > 7 || code !== (1 << length) - 1) throw new RangeError('a header ends within a Huffman code');
  return String.fromCharCode(...text);
}

function ascii(characters: string): number[] {
  return [...Buffer.from(characters, 'latin1')];
}
