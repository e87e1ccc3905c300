// Values of a statement's parameters, as the DETAIL of a logged statement and the CONTEXT of an error show them.
import type { Catalog } from '../../catalog/api.js';
import type { ParameterValue } from '../parameters.js';

/** `$1 = 'one', $2 = NULL`: each value cut to `bytesMax` bytes (-1: whole). */
export function shownParameters(parameters: readonly ParameterValue[], catalog: Catalog, bytesMax: number): string {
  return parameters
    .map(({ type: oid, value }, index) => {
      if (value === null) return `$${index + 1} = NULL`;
      const type = catalog.typeByOid(oid);
      const text = Buffer.from(type.behaviour.output(value, type, catalog.io));
      return `$${index + 1} = ${quotedStart(text, bytesMax)}`;
    })
    .join(', ');
}

/** As much of a text as is allowed (bytes; -1 all), in quotes. */
export function quotedStart(text: Buffer, bytesMax: number): string {
  const isWhole = bytesMax < 0 || text.length <= bytesMax;
  const start = isWhole ? text : text.subarray(0, wholeCharacters(text, bytesMax));
  return `'${start.toString().replaceAll("'", "''")}${isWhole ? '' : '...'}'`;
}

/** The most bytes up to `most` that do not cut a character of UTF-8. */
function wholeCharacters(text: Buffer, most: number): number {
  let end = most;
  while (end > 0 && ((text[end] as number) & 0xc0) === 0x80) end--;
  return end;
}
