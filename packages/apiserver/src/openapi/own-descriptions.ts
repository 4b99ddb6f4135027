import type { Descriptions } from './descriptions.js';

const admission = 'io.k8s.api.admissionregistration.v1';
const core = 'io.k8s.api.core.v1';
const extensions = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** What every object and every list says of itself. */
const object = {
  apiVersion: 'The group and version that the object is written in, such as apps/v1.',
  kind: 'The kind of the object, in upper camel case.',
};
const list = { ...object, items: 'The objects of the list.' };

/** This project's own words for definitions and fields that the official client's declarations say nothing of. */
export const ownDescriptions: Descriptions = {
  [`${admission}.ApplyConfiguration`]: {
    text: 'A change that is made as server-side apply makes it: the fields of an object that an expression builds.',
    properties: {
      expression:
        'A CEL expression whose value is the part of the object to apply, such as Object{spec: Object.spec{replicas: 3}}. It may read object, oldObject, request, params, namespaceObject, variables and authorizer.',
    },
  },
  [`${admission}.JSONPatch`]: {
    text: 'A change that is made as a JSON Patch (RFC 6902), which an expression builds.',
    properties: {
      expression:
        'A CEL expression whose value is a list of JSONPatch{op: ..., path: ..., value: ...}. It may read object, oldObject, request, params, namespaceObject, variables and authorizer; jsonpatch.escapeKey escapes a key for a path.',
    },
  },
  [`${admission}.MutatingAdmissionPolicy`]: {
    text: 'A rule in CEL that changes objects on their way in, without a webhook. It takes effect through a MutatingAdmissionPolicyBinding.',
    properties: object,
  },
  [`${admission}.MutatingAdmissionPolicyBinding`]: {
    text: 'Puts a MutatingAdmissionPolicy to work: for which objects, and with which parameters.',
    properties: object,
  },
  [`${admission}.MutatingAdmissionPolicyBindingList`]: {
    text: 'A list of MutatingAdmissionPolicyBindings.',
    properties: list,
  },
  [`${admission}.MutatingAdmissionPolicyBindingSpec`]: {
    text: 'Which policy is bound, to what.',
    properties: { policyName: 'Name of the MutatingAdmissionPolicy. Without such a policy nothing is done.' },
  },
  [`${admission}.MutatingAdmissionPolicyList`]: {
    text: 'A list of MutatingAdmissionPolicies.',
    properties: list,
  },
  [`${admission}.MutatingAdmissionPolicySpec`]: {
    text: 'What the policy is asked about, and what it changes.',
    properties: {
      failurePolicy:
        'What happens when the policy can not be evaluated or is set up wrongly: Ignore lets the request pass, Fail refuses it. Fail is the default.',
      matchConditions:
        'Expressions that all have to hold for the policy to be evaluated; at most 64. A false one skips the policy.',
      mutations: 'The changes, made one after the other, each on what the one before left. At least one.',
      reinvocationPolicy:
        'Whether the policy is called again when a later one changed the object: Never or IfNeeded.',
      variables:
        'Named expressions that mutations and match conditions after them can use as variables.NAME. Each is evaluated on first use.',
    },
  },
  [`${admission}.Mutation`]: {
    text: 'One change that a policy makes.',
    properties: {
      patchType: 'How the change is written: ApplyConfiguration or JSONPatch. Its member must be set.',
    },
  },
  [`${core}.ImageVolumeStatus`]: {
    text: 'What a volume of type image was mounted from.',
    properties: { imageRef: 'The digest of the image that is mounted.' },
  },
  [`${core}.NodeAllocatableResourceClaimStatus`]: {
    text: 'Resources of the node that a claim of the pod takes.',
    properties: {
      containers: 'Names of the containers that use the claim.',
      resourceClaimName: 'Name of the ResourceClaim, in the namespace of the pod.',
      resources: 'How much of each resource the claim takes.',
    },
  },
  [`${core}.NodeStatus`]: {
    properties: { declaredFeatures: 'Features of the node that pods may ask for, sorted.' },
  },
  [`${core}.PodCertificateProjection`]: {
    properties: {
      userAnnotations:
        'Annotations for the signer of the certificate. Keys are qualified names; what they mean is the signer’s affair.',
    },
  },
  [`${core}.PodSchedulingGroup`]: {
    text: 'The group that a pod is scheduled with.',
    properties: { podGroupName: 'Name of the PodGroup, in the namespace of the pod.' },
  },
  [`${core}.PodStatus`]: {
    properties: {
      allocatedResources: 'Resources that the node has set aside for the pod as a whole.',
      nodeAllocatableResourceClaimStatuses: 'Resources of the node that claims of the pod take.',
    },
  },
  [`${core}.ResourceHealth`]: {
    properties: { message: 'More about the health, for people to read.' },
  },
  [`${core}.VolumeStatus`]: {
    text: 'What is known of a mounted volume; one member at most is set.',
    properties: {},
  },
  'io.k8s.api.resource.v1.Device': {
    properties: {
      nodeAllocatableResourceMappings: 'Resources of the node that using the device takes, by resource name.',
    },
  },
  'io.k8s.api.resource.v1.DeviceAttribute': {
    properties: {
      bools: 'A list of true and false values.',
      ints: 'A list of numbers.',
      strings: 'A list of texts, each of at most 64 characters.',
      versions: 'A list of semantic versions (semver.org 2.0.0), each of at most 64 characters.',
    },
  },
  'io.k8s.api.resource.v1.NodeAllocatableResourceMapping': {
    text: 'How much of a resource of the node a device takes.',
    properties: {
      capacityKey: 'The capacity of the device whose amount is taken; without one, one per device.',
    },
  },
  'io.k8s.api.storage.v1.CSIDriverSpec': {
    properties: {
      preventPodSchedulingIfMissing:
        'Whether pods that need the driver are kept off nodes on which it is not installed.',
      serviceAccountTokenInSecrets:
        'Whether the driver gets service account tokens among the secrets of a call rather than in the volume context. Needs tokenRequests.',
    },
  },
  [`${extensions}.CustomResourceDefinitionCondition`]: {
    properties: { observedGeneration: 'The metadata.generation that the condition was set for.' },
  },
  [`${extensions}.CustomResourceDefinitionStatus`]: {
    properties: { observedGeneration: 'The newest metadata.generation that the controller has seen.' },
  },
  [`${extensions}.CustomResourceSubresourceStatus`]: {
    text: 'Serves /status: a write there changes the status alone, and a write of the object leaves the status as it is.',
    properties: {},
  },
  [`${extensions}.JSON`]: {
    text: 'Any JSON value: object, list, text, number, true, false or null.',
    properties: {},
  },
  [`${extensions}.JSONSchemaPropsOrArray`]: { text: 'A schema, or a list of schemas.', properties: {} },
  [`${extensions}.JSONSchemaPropsOrBool`]: { text: 'A schema, or true or false.', properties: {} },
  [`${extensions}.JSONSchemaPropsOrStringArray`]: { text: 'A schema, or a list of texts.', properties: {} },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': {
    text: 'An amount as a decimal number with an optional suffix: n, u, m, k, M, G, T, P, E for powers of 1000; Ki, Mi, Gi, Ti, Pi, Ei for powers of 1024; or an exponent such as e3. 0.1 is the same as 100m. At most three decimal places are kept, rounded up. It is written back in its canonical form, with the largest suffix that leaves no fraction.',
    properties: {},
  },
  [`${meta}.FieldsV1`]: {
    text: 'A set of fields as a tree: f:NAME is a member, k:KEYS an item of a list by its keys, v:VALUE an item of a set, i:INDEX a place in a list; a dot is the node itself.',
    properties: {},
  },
  [`${meta}.MicroTime`]: { text: 'A time (RFC 3339) with six digits of a second.', properties: {} },
  [`${meta}.Patch`]: {
    text: 'A change to an object, in the form that the Content-Type of the request names.',
    properties: {},
  },
  [`${meta}.ShardInfo`]: {
    text: 'Which part of all objects the list holds, where a client asked for a part.',
    properties: { selector: 'The selector of the part, as the client sent it.' },
  },
  [`${meta}.Time`]: { text: 'A time (RFC 3339) in seconds.', properties: {} },
  [`${meta}.WatchEvent`]: { properties: { type: 'ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.' } },
  'io.k8s.apimachinery.pkg.runtime.RawExtension': {
    text: 'An object of any kind, embedded as it is, with its own apiVersion and kind.',
    properties: {},
  },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': {
    text: 'A number or a text. As a text often a percentage, such as 25%, or the name of a port.',
    properties: {},
  },
};
