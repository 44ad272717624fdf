# setup  make .venv with everything the tests need          demo   vectorize a small kernel and show it
# test   set up, then run the tests                         check  test, lint and type-check
# weights  make the policy's weights anew: corpus, labels, training (hours; goes on where it was stopped)
PYTEST_ARGS ?= -n auto
BIN := .venv/bin

.PHONY: setup demo weights test lint check clean

setup:
	@bash scripts/setup.sh

demo:
	@bash scripts/setup.sh --need-llvm --light
	@bash scripts/demo.sh

weights:
	@bash scripts/setup.sh --need-llvm
	@bash scripts/weights.sh

test:
	@bash scripts/setup.sh --need-llvm
	$(BIN)/python -m pytest $(PYTEST_ARGS)

# Every check runs, whatever the others say.
lint:
	@bash scripts/setup.sh
	@failed=; \
	for check in "ruff check ." "ruff format --check ." pyright lint-imports; do \
		echo "$$check"; $(BIN)/$$check || failed="$$failed; $$check"; \
	done; \
	test -z "$$failed" || { echo "lint: failed$$failed" >&2; exit 1; }

check: lint test

clean:
	rm -rf .venv .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist *.egg-info
