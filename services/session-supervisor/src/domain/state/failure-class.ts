/** Why an attempt failed: the values of muster.agent.v1.FailureClass without their prefix. */
export type FailureClass =
  | 'RENDER_ERROR'
  | 'PICTURE_INVALID'
  | 'RENDERER_DIED'
  | 'TIMEOUT'
  | 'OUT_OF_MEMORY'
  | 'SCENE_UNREADABLE'
  | 'MISSING_ASSETS'
  | 'SCENE_LOST'
  | 'ENGINE_UNAVAILABLE'
  | 'AGENT_ERROR';
