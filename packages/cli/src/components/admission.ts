import type { PluginSelection } from '@kubewright/apiserver';
import { unusableFile } from '../command-error.js';

/** Options of the command line, named as kube-apiserver's. */
export interface AdmissionFlags {
  readonly enableAdmissionPlugins?: readonly string[];
  readonly disableAdmissionPlugins?: readonly string[];
  readonly admissionControlConfigFile?: string;
}

/** Which built-in admission the server of a data directory has, and how it is configured. */
export async function admissionOptions(flags: AdmissionFlags): Promise<PluginSelection> {
  // As kubeadm has it, for the Node authorizer's other half.
  const { enableAdmissionPlugins = ['NodeRestriction'], disableAdmissionPlugins = [] } = flags;
  const { admissionControlConfigFile } = flags;
  const selection = { enableAdmissionPlugins, disableAdmissionPlugins };
  if (admissionControlConfigFile === undefined) return selection;
  const { readAdmissionConfiguration } = await import('@kubewright/apiserver');
  try {
    return { ...selection, ...(await readAdmissionConfiguration(admissionControlConfigFile)) };
  } catch (cause) {
    throw unusableFile(admissionControlConfigFile, cause, '--admission-control-config-file');
  }
}
