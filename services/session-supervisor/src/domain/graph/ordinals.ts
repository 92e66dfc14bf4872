/**
 * A run of ordinals, both ends included. Ordinals number the tasks of a workload from 0, node by node and in ascending order
 * of the indices, because a set of tasks then needs one bit for each task, whatever the indices are.
 */
export interface OrdinalRange {
  first: number;
  last: number;
}
