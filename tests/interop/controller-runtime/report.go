package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// report counts what passed and prints one line a check, as run.ts reads them.
type report struct {
	failed bool
}

// check runs one comparison with a deadline of its own; a returned error is a difference.
func (r *report) check(name string, body func(ctx context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := body(ctx); err != nil {
		r.failed = true
		fmt.Printf("not ok %s: %s\n", name, strings.ReplaceAll(err.Error(), "\n", " "))
		return
	}
	fmt.Printf("ok %s\n", name)
}

// differs is an error unless both values are the same.
func differs[T comparable](what string, got, want T) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("%s is %v, not %v", what, got, want)
}

// first returns the first error of several comparisons.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
