/** Why an attempt failed, as in muster.agent.v1.FailureClass without its prefix. */
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
