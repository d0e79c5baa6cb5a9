/** The clause that stands for a probe of the user's own: `mmapvet probe FILE.c`. It is in no catalogue. */
import { DRIVER_PATHS, type ClauseGroup } from './clause.ts';

/** As guest/probes/own.c has it. */
export const OWN_CLAUSE = 'Z01';

/** @param title what the user calls it: the file's name */
export const ownGroup = (title: string): ClauseGroup => ({
  letter: OWN_CLAUSE.charAt(0),
  name: 'own',
  clauses: [
    {
      id: OWN_CLAUSE,
      title,
      class: 'P',
      // It is its author who knows.
      source: '',
      observers: 'as-stated',
      event: 'none',
      paths: DRIVER_PATHS,
      needs: [],
      redControls: [],
      explain: 'Whatever its author holds the kernel to.',
    },
  ],
});
