import { Ingress, IngressClass } from '@kubewright/api/networking/v1';
import type { AdmissionPlugin } from '../admission-plugin.js';
import { defaultClass } from '../default-class.js';
import { handlesKind } from '../handles-kind.js';

const marks = ['ingressclass.kubernetes.io/is-default-class'];
/** How a class was named before there was a field. */
const oldAnnotation = 'kubernetes.io/ingress.class';

/** An ingress that names no class gets the default one, if there is one. */
export const defaultIngressClass: AdmissionPlugin<Ingress> = {
  name: 'DefaultIngressClass',
  handles: handlesKind(Ingress, ['CREATE']),

  admit({ object, context }) {
    if (object === undefined || object.spec?.ingressClassName !== undefined) return;
    if (object.metadata.annotations?.[oldAnnotation] !== undefined) return;
    const name = defaultClass(context.objects.lister(IngressClass).list(), marks)?.metadata.name;
    if (name !== undefined) object.spec = { ...object.spec, ingressClassName: name };
  },
};
