import { createHash } from 'node:crypto';
import { encodeAnswer } from '../encoding/encode-answer.js';
import {
  type AggregatedForm,
  acceptedAggregated,
  aggregatedDocument,
  aggregatedMediaType,
  type GroupVersions,
} from './aggregated.js';
import type { DiscoveredKind } from './discovered-kind.js';
import { compareGroups, compareVersions, groupPriority } from './group-order.js';
import { apiResourceList } from './resource-list.js';

/** A document as it is sent. */
export interface DiscoveryDocument {
  readonly contentType: string;
  readonly body: Buffer;
  /** The quoted content hash of an aggregated document: send it as ETag, answer 304 to an equal If-None-Match. */
  readonly etag?: string;
  /** True where the client asks for JSON for people in the media type. */
  readonly pretty?: boolean;
}

/** The discovery documents of a set of kinds. */
export interface Discovery {
  /**
   * The document at `/api`, `/api/v1`, `/apis`, `/apis/GROUP` or `/apis/GROUP/VERSION`; undefined where none is.
   * Only `/api` and `/apis` have an aggregated form, which the Accept header asks for.
   */
  document(path: string, accept?: string): DiscoveryDocument | undefined;
  /** Where there are documents. */
  paths(): string[];
}

/** In what order groups and versions come, and what is known of those that other servers have. */
export interface Arrangement {
  /** The greater, the more it is wanted. */
  groupPriority(group: string): number;
  /** The greater, the more it is wanted; what is wanted alike is sorted by what it is called. */
  versionPriority(group: string, version: string): number;
  /** Versions of other servers, those included that have not said yet which kinds they have. */
  readonly elsewhere: readonly {
    readonly group: string;
    readonly version: string;
    readonly isStale: boolean;
  }[];
}

/** Of a server that has none behind it. */
const ownArrangement: Arrangement = { groupPriority, versionPriority: () => 0, elsewhere: [] };

/**
 * Builds discovery for the served kinds, each document on its first request. `serverAddress` is the host and port
 * that clients reach the server at. Where the kinds change, build another one.
 */
export function createDiscovery(
  kinds: readonly DiscoveredKind[],
  serverAddress: string,
  arrangement: Arrangement = ownArrangement,
): Discovery {
  const groups = groupKinds(kinds, arrangement);
  const built = new Map<string, DiscoveryDocument>();
  return {
    document(path, accept) {
      const aggregated = path === '/api' || path === '/apis' ? acceptedAggregated(accept) : undefined;
      const key = `${path} ${aggregated === undefined ? '' : `${aggregated.type} ${aggregated.pretty}`}`;
      let document = built.get(key);
      if (document === undefined) {
        document =
          aggregated === undefined
            ? plainDocument(groups, path, serverAddress)
            : aggregatedAnswer(
                aggregated,
                groups.filter(({ name }) => (name === '') === (path === '/api')),
              );
        if (document === undefined) return undefined;
        built.set(key, document);
      }
      return document;
    },
    paths: () => [
      '/apis/',
      ...groups.flatMap(({ name, versions }) => {
        const group = name === '' ? '/api' : `/apis/${name}`;
        return [group, ...versions.map(({ version }) => `${group}/${version}`)];
      }),
    ],
  };
}

function aggregatedAnswer(form: AggregatedForm, groups: readonly GroupVersions[]): DiscoveryDocument {
  const value = aggregatedDocument(groups);
  const { kind: _, apiVersion: __, ...content } = value;
  return {
    contentType: aggregatedMediaType(form.type),
    body: Buffer.from(encodeAnswer({ type: form.type, pretty: false }, jsonBody(value))),
    // Upstream's formula, the same for whatever bytes the document is sent in.
    etag: `"${createHash('sha512').update(JSON.stringify(content)).digest('hex').toUpperCase()}"`,
    pretty: form.pretty,
  };
}

function jsonBody(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}

function groupKinds(kinds: readonly DiscoveredKind[], arrangement: Arrangement): GroupVersions[] {
  const groups = new Map<string, Map<string, DiscoveredKind[]>>();
  const at = (group: string, version: string): DiscoveredKind[] => {
    const versions = groups.get(group) ?? new Map<string, DiscoveredKind[]>();
    groups.set(group, versions);
    const known = versions.get(version) ?? [];
    versions.set(version, known);
    return known;
  };
  for (const kind of kinds) at(kind.group, kind.version).push(kind);
  const stale = new Set<string>();
  for (const { group, version, isStale } of arrangement.elsewhere) {
    at(group, version);
    if (isStale) stale.add(`${group}/${version}`);
  }
  const { versionPriority } = arrangement;
  return [...groups]
    .sort(([a], [b]) => compareGroups(a, b, arrangement.groupPriority))
    .map(([name, versions]) => ({
      name,
      versions: [...versions]
        .sort(([a], [b]) => versionPriority(name, b) - versionPriority(name, a) || compareVersions(a, b))
        .map(([version, members]) => ({ version, kinds: members, isStale: stale.has(`${name}/${version}`) })),
    }));
}

function plainDocument(
  groups: readonly GroupVersions[],
  path: string,
  serverAddress: string,
): DiscoveryDocument | undefined {
  const value = plainValue(groups, path, serverAddress);
  return value && { contentType: 'application/json', body: jsonBody(value) };
}

function plainValue(
  groups: readonly GroupVersions[],
  path: string,
  serverAddress: string,
): object | undefined {
  const [, root, ...rest] = path.split('/');
  if (root === 'api' && rest.length === 0) {
    const core = groups.find(({ name }) => name === '');
    return {
      kind: 'APIVersions',
      versions: core?.versions.map(({ version }) => version) ?? [],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
    };
  }
  if (root === 'apis' && rest.length === 0)
    return {
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: groups.filter(({ name }) => name !== '').map(apiGroup),
    };
  const [name, version] = root === 'api' ? ['', ...rest] : rest;
  const group = groups.find((one) => one.name === name);
  if (group === undefined || rest.length > 2 || (root !== 'api' && root !== 'apis')) return undefined;
  if (version === undefined) return { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(group) };
  const served = group.versions.find((one) => one.version === version);
  return served === undefined
    ? undefined
    : apiResourceList(group.name === '' ? version : `${group.name}/${version}`, served.kinds);
}

function apiGroup({ name, versions }: GroupVersions): object {
  const all = versions.map(({ version }) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: all, preferredVersion: all[0] };
}
