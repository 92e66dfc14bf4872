// muster.agent.v1, as generated from proto/muster/agent/v1.
export * from './gen/muster/agent/v1/agent_service.ts';
