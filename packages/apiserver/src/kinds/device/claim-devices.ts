import type { ResourceClaim } from '@kubewright/api/resource/v1';

interface DeviceId {
  readonly driver: string;
  readonly pool: string;
  readonly device: string;
  readonly shareID?: string | undefined;
}

/** The same text for the same device, or the same share of one. */
export function deviceId(device: DeviceId): string {
  return JSON.stringify([device.driver, device.pool, device.device, device.shareID ?? '']);
}

/** The ids of what a claim got. */
export function allocatedDevices({ status }: ResourceClaim): Set<string> {
  return new Set((status?.allocation?.devices?.results ?? []).map(deviceId));
}

/** Takes away what drivers said of devices that the claim had and has no more, as they may not know of that. */
export function forgetDeallocated(claim: ResourceClaim, old: ResourceClaim): void {
  const { status } = claim;
  if (status?.devices === undefined) return;
  const kept = allocatedDevices(claim);
  const gone = [...allocatedDevices(old)].filter((id) => !kept.has(id));
  const devices = status.devices.filter((device) => !gone.includes(deviceId(device)));
  if (devices.length === 0) delete status.devices;
  else status.devices = devices;
}
