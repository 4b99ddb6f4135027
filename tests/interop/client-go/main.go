// Tests the API server that $KUBECONFIG names with client-go: typed clients in JSON and in protobuf, the dynamic
// client, informers, server-side apply, discovery and leader election.
package main

import (
	"fmt"
	"os"
	"runtime/debug"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	config.QPS = -1
	fmt.Printf("version %s\n", version())
	r := &report{}
	checkTyped(r, "json", contentType(config, "application/json"))
	checkTyped(r, "protobuf", contentType(config, "application/vnd.kubernetes.protobuf"))
	checkWorkloads(r, contentType(config, "application/vnd.kubernetes.protobuf"))
	checkKinds(r, config)
	checkDynamic(r, config)
	checkInformers(r, contentType(config, "application/vnd.kubernetes.protobuf"))
	checkTools(r, contentType(config, "application/vnd.kubernetes.protobuf"))
	checkDiscovery(r, config)
	checkLeaderElection(r, config)
	if r.failed {
		os.Exit(1)
	}
}

func contentType(config *rest.Config, contentType string) *rest.Config {
	copied := rest.CopyConfig(config)
	copied.ContentType = contentType
	copied.AcceptContentTypes = contentType
	return copied
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "k8s.io/client-go" {
			return module.Version
		}
	}
	return "unknown"
}
