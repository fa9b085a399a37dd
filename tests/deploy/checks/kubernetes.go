package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/yannh/kubeconform/pkg/resource"
	"github.com/yannh/kubeconform/pkg/validator"
	"sigs.k8s.io/yaml"
)

type schema = map[string]any

// invalid tells what is wrong in each object, by the schemas of Kubernetes' own API and of the custom resources in CRD.
func invalid(swagger, crd, objects string) (any, error) {
	folder, err := os.MkdirTemp("", "schemas")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	manifests, err := read[[]schema](objects)
	if err != nil {
		return nil, err
	}
	if err := writeBuiltIn(swagger, folder); err != nil {
		return nil, err
	}
	if err := writeCustom(crd, folder); err != nil {
		return nil, err
	}
	location := filepath.Join(folder, "{{ .ResourceAPIVersion }}-{{ .ResourceKind }}.json")
	checker, err := validator.New([]string{location}, validator.Opts{Strict: true})
	if err != nil {
		return nil, err
	}
	wrong := []string{}
	for _, each := range manifests {
		text, err := json.Marshal(each)
		if err != nil {
			return nil, err
		}
		found := checker.ValidateResource(resource.Resource{Path: objects, Bytes: text})
		if found.Status != validator.Valid {
			wrong = append(wrong, fmt.Sprintf("%v %v: %v", each["kind"], each["metadata"], found.Err))
		}
	}
	return wrong, nil
}

func read[T any](path string) (T, error) {
	var found T
	text, err := os.ReadFile(path)
	if err == nil {
		err = yaml.Unmarshal(text, &found)
	}
	return found, err
}

func write(folder, version, kind string, found schema) error {
	text, err := json.Marshal(found)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, version+"-"+strings.ToLower(kind)+".json"), text, 0o600)
}

// writeBuiltIn writes a schema for each kind that `kubectl apply` may be given, closed over what it refers to.
func writeBuiltIn(swagger, folder string) error {
	api, err := read[struct {
		Definitions map[string]schema `json:"definitions"`
	}](swagger)
	if err != nil {
		return err
	}
	for name, definition := range api.Definitions {
		strict(definition)
		if strings.HasSuffix(name, ".Quantity") || strings.HasSuffix(name, ".IntOrString") {
			api.Definitions[name] = schema{"type": []string{"string", "number"}}
		}
	}
	for name, definition := range api.Definitions {
		group, kind, only := kindOf(definition)
		if !only || !wanted[group] {
			continue
		}
		used := map[string]schema{}
		closeOver(api.Definitions, name, used)
		version := strings.Split(name, ".")[len(strings.Split(name, "."))-2]
		whole := schema{"$ref": "#/definitions/" + name, "definitions": used}
		if err := write(folder, version, kind, whole); err != nil {
			return err
		}
	}
	return nil
}

var wanted = map[string]bool{"": true, "apps": true, "networking.k8s.io": true, "policy": true}

func kindOf(definition schema) (group, kind string, only bool) {
	kinds, _ := definition["x-kubernetes-group-version-kind"].([]any)
	if len(kinds) != 1 {
		return "", "", false
	}
	named := kinds[0].(schema)
	return named["group"].(string), named["kind"].(string), true
}

// strict has a schema refuse fields that it does not know.
func strict(definition schema) {
	if _, has := definition["properties"]; has {
		if _, says := definition["additionalProperties"]; !says {
			definition["additionalProperties"] = false
		}
	}
	for _, each := range definition {
		switch value := each.(type) {
		case schema:
			strict(value)
		case []any:
			for _, inner := range value {
				if inner, is := inner.(schema); is {
					strict(inner)
				}
			}
		}
	}
}

func closeOver(all map[string]schema, name string, used map[string]schema) {
	if _, known := used[name]; known {
		return
	}
	used[name] = all[name]
	for _, ref := range refs(all[name]) {
		closeOver(all, strings.TrimPrefix(ref, "#/definitions/"), used)
	}
}

func refs(value any) []string {
	var found []string
	switch value := value.(type) {
	case schema:
		if ref, is := value["$ref"].(string); is {
			found = append(found, ref)
		}
		for each := range maps.Values(value) {
			found = append(found, refs(each)...)
		}
	case []any:
		for _, each := range value {
			found = append(found, refs(each)...)
		}
	}
	return found
}

// writeCustom writes the schemas of the custom resources in a folder of definitions.
func writeCustom(folder, to string) error {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no definitions of custom resources in %s: %w", folder, err)
	}
	for _, file := range files {
		definition, err := read[struct {
			Spec struct {
				Names    struct{ Kind string }
				Versions []struct {
					Name   string
					Schema struct {
						OpenAPIV3Schema schema `json:"openAPIV3Schema"`
					}
				}
			}
		}](file)
		if err != nil {
			return err
		}
		for _, each := range definition.Spec.Versions {
			found := each.Schema.OpenAPIV3Schema
			strict(found)
			found["properties"].(schema)["metadata"] = schema{"type": "object"}
			if err := write(to, each.Name, definition.Spec.Names.Kind, found); err != nil {
				return err
			}
		}
	}
	return nil
}
