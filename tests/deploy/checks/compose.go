package main

import (
	"context"

	"github.com/compose-spec/compose-go/v2/cli"
)

// compose does what `docker compose config` does: variables are those of the environment.
func compose(ctx context.Context, file string) (any, error) {
	options, err := cli.NewProjectOptions([]string{file}, cli.WithOsEnv, cli.WithResolvedPaths(true))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(ctx)
}
