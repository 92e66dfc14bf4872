import type { SceneSettings } from '#libs/blend/index.ts';

/** By format: what agents make instead, as `formats.py` of their driver chooses it. */
const INSTEAD: Readonly<Record<string, string>> = {
  HDR: 'OPEN_EXR',
  CINEON: 'OPEN_EXR',
  DPX: 'OPEN_EXR',
  JPEG2000: 'PNG',
  TARGA: 'PNG',
  TARGA_RAW: 'PNG',
  BMP: 'PNG',
  IRIS: 'PNG',
};

/** What frames are instead of what the file names, in the words that agents have for it; undefined if they are as it says. */
export const formatNote = ({
  format = '',
  isMovie,
}: Pick<SceneSettings, 'format' | 'isMovie'>): string | undefined => {
  if (isMovie) {
    return 'the file names a movie format: frames are PNG';
  }
  const instead = INSTEAD[format];
  return (
    instead && `the file names the format ${format}, which is not delivered: ${instead} instead`
  );
};

/** Whether an agent says of its frames what `formatNote` says of the file. */
export const isFormatNote = (text: string): boolean =>
  /^the file names the (movie )?format /.test(text);
