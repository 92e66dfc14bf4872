/**
 * A run of ordinals, both ends included. Ordinals number the tasks of a workload from 0 in ascending order of their
 * indices, so that sets of tasks need no more than a bit each, whatever the indices are.
 */
export interface OrdinalRange {
  first: number;
  last: number;
}
