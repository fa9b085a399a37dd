// Checks what is in deploy/ as those do who will read it: BuildKit, Compose, Kustomize and the schemas of Kubernetes.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
)

const usage = `expected one of
  checks dockerfile FILE CONTEXT         what BuildKit makes of a Dockerfile, and what it finds wrong
  checks compose FILE                    what Compose makes of a file, or why it refuses it
  checks kustomize FOLDER                what Kustomize makes of a folder, as a list of objects
  checks kubernetes SWAGGER CRD OBJECTS  what the schemas find wrong in such a list`

func main() {
	found, err := check(context.Background(), os.Args[1:])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(found)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(ctx context.Context, arguments []string) (any, error) {
	wanted := map[string]int{"dockerfile": 3, "compose": 2, "kustomize": 2, "kubernetes": 4}
	if len(arguments) == 0 || wanted[arguments[0]] != len(arguments) {
		return nil, fmt.Errorf("%s", usage)
	}
	switch arguments[0] {
	case "dockerfile":
		return dockerfile(ctx, arguments[1], arguments[2])
	case "compose":
		return compose(ctx, arguments[1])
	case "kustomize":
		return build(arguments[1])
	default:
		return invalid(arguments[1], arguments[2], arguments[3])
	}
}
