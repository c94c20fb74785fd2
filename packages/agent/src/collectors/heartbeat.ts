import type { Machine } from '../machine.js';

/** A row of the `Heartbeat` table. */
export function heartbeatRow(options: {
  readonly machine: Machine;
  readonly agentId: string;
  readonly version: string;
  readonly nowMs: number;
}): string {
  const { machine } = options;
  return JSON.stringify({
    TimeGenerated: new Date(options.nowMs).toISOString(),
    Category: 'Direct Agent',
    Computer: machine.computer,
    ComputerEnvironment: 'Non-Azure',
    ComputerIP: machine.address,
    ComputerPrivateIPs: machine.addresses,
    IsGatewayInstalled: false,
    OSName: machine.osName,
    OSType: 'Linux',
    OSMajorVersion: machine.osMajorVersion,
    OSMinorVersion: machine.osMinorVersion,
    Resource: '',
    ResourceGroup: '',
    ResourceId: '',
    ResourceProvider: '',
    ResourceType: '',
    SCAgentChannel: 'Direct',
    SourceComputerId: options.agentId,
    SourceSystem: 'Linux',
    SubscriptionId: '',
    Version: options.version,
    VMUUID: machine.machineId,
  });
}
