import { type AdmissionPlugin, refusal } from '@kubewright/apiserver';

/** Every object made in a namespace is labelled with who made it, and the label stays as it is. */
export const ownerLabels: AdmissionPlugin = {
  name: 'OwnerLabels',

  // Asked once for each operation, resource and subresource: what is not handled costs nothing.
  handles: ({ operation, resource, subresource }) =>
    resource.namespaced && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),

  // Before validation: may change the object.
  admit({ operation, object, user }) {
    if (operation === 'CREATE' && object !== undefined)
      object.metadata.labels = { ...object.metadata.labels, owner: user.name };
  },

  // After it: may only refuse.
  validate(request) {
    const { operation, object, oldObject } = request;
    const [now, before] = [object?.metadata.labels?.owner, oldObject?.metadata.labels?.owner];
    if (operation === 'UPDATE' && before !== undefined && now !== before)
      throw refusal(request, `its owner is ${before}`);
  },
};
