export type { AdmissionPlugin, AdmissionTarget } from './admission/admission-plugin.js';
export type { AdmissionOperation, AdmissionRequest } from './admission/admission-request.js';
export type { PluginSelection } from './admission/builtin-plugins.js';
export { readAdmissionConfiguration } from './admission/configuration.js';
export type { PodSecurityConfiguration } from './admission/pod-security/configuration.js';
export { refusal } from './admission/refusal.js';
export type { AggregatorOptions } from './aggregation/remote-server.js';
export type { AuditOptions } from './audit/audit.js';
export type {
  AuditBackend,
  AuditEvent,
  AuditLevel,
  AuditStage,
  OpenAuditBackend,
} from './audit/audit-event.js';
export { type AuditLogOptions, auditLog } from './audit/log-backend.js';
export { type AuditPolicy, parseAuditPolicy } from './audit/policy.js';
export { type AuditWebhookOptions, auditWebhook, type BatchOptions } from './audit/webhook-backend.js';
export type { AuthenticationOptions } from './auth/authentication.js';
export { authorityFiles, authorityTexts, readAuthorities, rotated } from './auth/authorities.js';
export type { AuthorizationOptions } from './auth/authorization/authorization.js';
export {
  type ConfiguredAuthorizer,
  type ConfiguredWebhook,
  parseAuthorizationConfiguration,
} from './auth/authorization/authorization-configuration.js';
export { type AuthorizationMode, authorizationModes } from './auth/authorization/authorization-modes.js';
export type { Attributes, Authorizer, Decision, UserRules } from './auth/authorization/authorizer.js';
export { matchConditions } from './auth/authorization/webhook/match-conditions.js';
export {
  type WebhookAuthorizerOptions,
  webhookAuthorizer,
} from './auth/authorization/webhook/webhook-authorizer.js';
export { type ClientSubject, createAuthority, type KeyPair } from './auth/certificate-authority.js';
export { type Delegation, delegateToCluster } from './auth/delegated/delegate-to-cluster.js';
export { parseAuthenticationConfiguration } from './auth/oidc/authentication-configuration.js';
export { PkiDirectory } from './auth/pki-directory.js';
export { readTokenKeys, type TokenKeys } from './auth/service-account/signing-keys.js';
export type { User } from './auth/user.js';
export {
  type BootstrapMaterial,
  BootstrapStore,
  makeJoinToken,
  WrongJoinTokenError,
} from './bootstrap/bootstrap-material.js';
export { Encryption } from './encryption/encryption.js';
export {
  type EncryptionConfiguration,
  type EncryptionProvider,
  parseEncryptionConfiguration,
} from './encryption/encryption-configuration.js';
export type { FlowControlOptions } from './flow-control/flow-control.js';
export type { HealthCheck } from './health/health-check.js';
export { backupPath } from './http/answer-backup.js';
export type { HttpsListener, HttpsOptions, ListenerCertificates } from './http/https-listener.js';
export type { KubeletCredentials } from './http/kubelet-proxy.js';
export { kubernetesVersion } from './http/version.js';
export { definitionErrors } from './kinds/custom-resource-definition.js';
export { expiringPrefixes } from './kinds/expiring-prefixes.js';
export {
  type Column,
  type Conversion,
  defineRules,
  type KindRules,
  type SubresourceCall,
  type SubresourceContext,
  type SubresourceRules,
} from './kinds/kind-rules.js';
export { kindRules } from './kinds/typescript-kind.js';
export { type Stage, stages } from './pipeline.js';
export type { Lister } from './registry/lister.js';
export type { ObjectSource, SourceEvent } from './registry/object-source.js';
export type {
  ObjectReader,
  ObjectStore,
  ServiceRanges,
  WriteContext,
  WriteRequest,
} from './registry/write-context.js';
export { ApiServer, type ApiServerOptions } from './server.js';
export { type BackupHead, type ReadBackup, readBackup, writeBackup } from './storage/backup.js';
export { type DirectoryLock, lockDirectory } from './storage/directory-lock.js';
export { LmdbStorage, type LmdbStorageOptions } from './storage/lmdb.js';
export { makeDirectory } from './storage/make-directory.js';
export { MemoryStorage, type MemoryStorageOptions } from './storage/memory.js';
export {
  mustBeEmpty,
  mustBeWhole,
  type Restored,
  restoreBackup,
  revisionAfter,
} from './storage/restore-backup.js';
export type { Storage } from './storage/storage.js';
export {
  type FieldError,
  FieldPath,
  forbiddenField,
  invalid,
  path,
  required,
} from './validation/field-error.js';
