package main

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

var configMaps = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}

// checkDynamic drives the clients that know no types: dynamic and metadata-only.
func checkDynamic(r *report, config *rest.Config) {
	client := dynamic.NewForConfigOrDie(config).Resource(configMaps).Namespace("default")
	object := func(color string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "ConfigMap",
			"metadata": map[string]any{"name": "dynamic"}, "data": map[string]any{"color": color}}}
	}
	r.check("dynamic: create, apply, update, list, delete", func(ctx context.Context) error {
		if _, err := client.Create(ctx, object("red"), metav1.CreateOptions{FieldValidation: "Strict"}); err != nil {
			return err
		}
		applied, err := client.Apply(ctx, "dynamic", object("red"), metav1.ApplyOptions{FieldManager: "dynamic"})
		if err != nil {
			return err
		}
		if err := unstructured.SetNestedField(applied.Object, "blue", "data", "color"); err != nil {
			return err
		}
		updated, err := client.Update(ctx, applied, metav1.UpdateOptions{})
		if err != nil {
			return err
		}
		_, err = client.Update(ctx, applied, metav1.UpdateOptions{})
		if !apierrors.IsConflict(err) {
			return fmt.Errorf("the update of an old object gives %v", err)
		}
		list, err := client.List(ctx, metav1.ListOptions{FieldSelector: "metadata.name=dynamic"})
		if err != nil {
			return err
		}
		color, _, _ := unstructured.NestedString(updated.Object, "data", "color")
		return first(
			differs("color", color, "blue"),
			differs("items", len(list.Items), 1),
			differs("kind of an item", list.Items[0].GetKind(), "ConfigMap"))
	})
	r.check("dynamic: strict field validation", func(ctx context.Context) error {
		wrong := object("red")
		wrong.SetName("wrong")
		wrong.Object["colour"] = "red"
		_, err := client.Create(ctx, wrong, metav1.CreateOptions{FieldValidation: "Strict"})
		if !apierrors.IsBadRequest(err) {
			return fmt.Errorf("an unknown field gives %v", err)
		}
		return nil
	})
	r.check("metadata client: get, list, delete", func(ctx context.Context) error {
		metas := metadata.NewForConfigOrDie(config).Resource(configMaps).Namespace("default")
		got, err := metas.Get(ctx, "dynamic", metav1.GetOptions{})
		if err != nil {
			return err
		}
		list, err := metas.List(ctx, metav1.ListOptions{FieldSelector: "metadata.name=dynamic"})
		if err != nil {
			return err
		}
		return first(
			differs("items", len(list.Items), 1),
			differs("uid", list.Items[0].UID, got.UID),
			metas.Delete(ctx, "dynamic", metav1.DeleteOptions{}))
	})
}

// checkDiscovery reads what a REST mapper reads.
func checkDiscovery(r *report, config *rest.Config) {
	client := discovery.NewDiscoveryClientForConfigOrDie(config)
	r.check("discovery: groups, resources, REST mapping", func(context.Context) error {
		groups, err := restmapper.GetAPIGroupResources(client)
		if err != nil {
			return err
		}
		mapping, err := restmapper.NewDiscoveryRESTMapper(groups).RESTMapping(schema.GroupKind{Group: "apps", Kind: "Deployment"})
		if err != nil {
			return err
		}
		return first(
			differs("resource", mapping.Resource.Resource, "deployments"),
			differs("version", mapping.Resource.Version, "v1"),
			differs("scope", mapping.Scope.Name(), meta.RESTScopeNameNamespace))
	})
	r.check("discovery: version and OpenAPI", func(context.Context) error {
		version, err := client.ServerVersion()
		if err != nil {
			return err
		}
		document, err := client.OpenAPISchema()
		if err != nil {
			return err
		}
		paths, err := client.OpenAPIV3().Paths()
		if err != nil {
			return err
		}
		pods, err := paths["api/v1"].Schema("application/json")
		if err != nil {
			return err
		}
		return first(
			differs("major", version.Major, "1"),
			differs("there are v2 definitions", len(document.GetDefinitions().GetAdditionalProperties()) > 500, true),
			differs("there is a v3 document", len(pods) > 10_000, true))
	})
}
