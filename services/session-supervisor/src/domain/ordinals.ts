/**
 * A run of ordinals, both ends included. Ordinals number the tasks of a workload from 0 in ascending order of their
 * frames, so that sets of tasks need no more than a bit each, whatever the frames are.
 */
export interface OrdinalRange {
  first: number;
  last: number;
}
