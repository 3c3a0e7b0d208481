# The one door. `make demo` and `make test` need Python 3.11 or newer, pip, make and git: nothing else.

VENV := .venv
BIN := $(VENV)/bin
PEER := .venv-peer

# Releases younger than this are not taken when `make lock` renews the requirement files: a bad release is
# mostly noticed and withdrawn within days. Move it forward with each renewal, to some days before that day.
COOLDOWN := 2026-11-19T00:00:00Z

# What is installed is known by the content it was installed from, and by the folder it stands in.
KEY := $(shell { cat requirements/*.txt pyproject.toml hub/__init__.py; echo '$(CURDIR)'; } | cksum | cut -d ' ' -f 1)
BASE := $(VENV)/.ready-base-$(KEY)
DEV := $(VENV)/.ready-dev-$(KEY)
PEERS := $(PEER)/.ready-$(KEY)
LINKAGE := splink recordlinkage anonlink openlinktoken
LINKAGE_PEERS := $(LINKAGE:%=$(PEER)-%/.ready-$(KEY))

.PHONY: help demo test lint types imports services-free oracle faults alterations bench bench-index bench-decisions bench-log bench-matching bench-leak bench-adapters bench-feed bench-looks vectors openapi lock wheel clean

help:
	@echo 'make demo            the whole exchange with made-up people: SQLite, processes on loopback; leaves demo-out/'
	@echo 'make test            every check: style, types, import contracts, tests, coverage of the pure packages'
	@echo 'make lint            style and format only          make types           types only'
	@echo 'make imports         import contracts only          make services-free   the tests, with no service named'
	@echo 'make faults          the hub killed at a hundred moments under load (FAULT_KILLS, FAULT_SEED)'
	@echo 'make alterations     a thousand alterations of the log by chance, in the database and as files (ALTERATIONS)'
	@echo 'make vectors         write the published vectors again and show any difference'
	@echo 'make openapi         write the description of the API (docs/openapi.json) again and show any difference'
	@echo 'make oracle          20,000 generated decisions beside Cedar, another policy engine (ORACLE_CASES)'
	@echo 'make bench           speed beside a mailbox server; writes bench-out/exchange.json'
	@echo 'make bench-decisions speed of a decision beside Cedar; writes bench-out/decisions.json'
	@echo 'make bench-index     the token index at up to a million records; writes bench-out/index.json'
	@echo 'make bench-log       the disclosure log at a million entries; writes bench-out/log.json'
	@echo 'make bench-matching  matching beside four linkage tools; writes bench-out/matching.json (MATCHING=--large)'
	@echo 'make bench-leak      what an index gives away without its key; writes bench-out/leak.json (LEAK=--large)'
	@echo 'make bench-looks     a burst of doubtful pairs: how soon officers are asked; writes bench-out/looks.json'
	@echo 'make bench-feed      two nightly extracts of 40,000 people compared; writes bench-out/feed.json'
	@echo 'make bench-adapters  every file format at 100,000 records, and routing; writes bench-out/adapters.json'
	@echo 'make lock            renew the hash-pinned requirement files (needs uv)'
	@echo 'make wheel           build the wheel into dist/     make clean           remove what make made'

demo: $(BASE)
	@$(BIN)/hub demo $(DEMO)

test: $(DEV)
	@sh .ci/checks $(BIN)

lint: $(DEV)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(DEV)
	@$(BIN)/mypy

imports: $(DEV)
	@$(BIN)/lint-imports --no-logo

# The suite must not lean on a database, a Redis or a setting that happens to be about.
services-free: $(DEV)
	@env -i PATH="$$PATH" HOME="$$HOME" LANG=C.UTF-8 $(BIN)/pytest -q

# A bounded part, ten kills, is in `make test`.
faults: $(DEV)
	@FAULT_KILLS=$${FAULT_KILLS:-100} $(BIN)/pytest -q tests/faults

# A bounded part, thirty, is in `make test`.
alterations: $(DEV)
	@ALTERATIONS=$${ALTERATIONS:-500} $(BIN)/pytest -q tests/exchange/store/test_altered_by_chance.py

# A bounded part, 400 cases, is in `make test`.
oracle: $(DEV)
	@ORACLE_CASES=$${ORACLE_CASES:-20000} $(BIN)/pytest -q tests/consent/test_oracle.py

vectors: $(DEV)
	@set -e; for generator in tests/vectors/generate*.py; do $(BIN)/python "$$generator"; done
	@git diff --exit-code --stat -- tests/vectors || { echo 'The vectors changed: a change of the wire, or a mistake.'; exit 1; }

openapi: $(DEV)
	@$(BIN)/python -m hub.app 2>/dev/null > docs/openapi.json.new && mv docs/openapi.json.new docs/openapi.json
	@git diff --stat -- docs/openapi.json

bench: $(BASE) $(PEERS)
	@mkdir -p bench-out
	@$(BIN)/python bench/exchange.py --peer-python $(PEER)/bin/python --out bench-out/exchange.json $(BENCHMARK)

bench-decisions: $(DEV)
	@mkdir -p bench-out
	@PYTHONPATH=. $(BIN)/python bench/decisions.py --out bench-out/decisions.json

# Some minutes for a million people's tokens, once: they are kept in the temporary folder. INDEX='--records 100000'
bench-index: $(BASE)
	@PYTHONPATH=. $(BIN)/python bench/index.py --out bench-out/index.json $(INDEX)

# A minute or two for a million entries. LOG='--entries 100000'
bench-log: $(BASE)
	@PYTHONPATH=. $(BIN)/python bench/log.py --out bench-out/log.json $(LOG)

bench-matching: $(BASE) $(LINKAGE_PEERS)
	@PYTHONPATH=. $(BIN)/python bench/matching.py --out bench-out/matching.json $(MATCHING)

bench-adapters: $(BASE)
	@PYTHONPATH=. $(BIN)/python bench/connectors.py --out bench-out/adapters.json $(ADAPTERS)

bench-leak: $(BASE)
	@PYTHONPATH=. $(BIN)/python bench/leak.py --out bench-out/leak.json $(LEAK)

bench-looks: $(DEV)
	@PYTHONPATH=. $(BIN)/python bench/looks.py --out bench-out/looks.json $(LOOKS)

bench-feed: $(DEV)
	@PYTHONPATH=. $(BIN)/python bench/feed.py --out bench-out/feed.json $(FEED)

# uv alone reads and writes these files; no line of them names an index or a folder of this machine.
LOCK = cd requirements && UV_CUSTOM_COMPILE_COMMAND='make lock' uv pip compile -q --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --exclude-newer $(COOLDOWN)
lock:
	@command -v uv >/dev/null || { echo 'make lock needs uv on the path.'; exit 1; }
	@$(LOCK) base.in -o base.txt
	@$(LOCK) build.in -o build.txt
	@$(LOCK) -c base.txt -c build.txt dev.in -o dev.txt
	@$(LOCK) peer.in -o peer.txt
	@set -e; for tool in $(LINKAGE); do $(LOCK) "peer-$$tool.in" -o "peer-$$tool.txt"; cd ..; done

wheel: $(DEV)
	@rm -rf dist && $(BIN)/python -m hatchling build -t wheel

clean:
	@rm -rf $(VENV) $(PEER) $(LINKAGE:%=$(PEER)-%) demo-out bench-out build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache .coverage htmlcov
	@find hub adapters tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(BASE):
	@sh requirements/install.sh $(VENV) base
	@rm -f $(VENV)/.ready-* && touch $@

# dev contains base.
$(DEV):
	@sh requirements/install.sh $(VENV) dev
	@rm -f $(VENV)/.ready-* && touch $@ $(BASE)

$(PEERS):
	@sh requirements/install.sh $(PEER) peer
	@touch $@

$(PEER)-%/.ready-$(KEY):
	@sh requirements/install.sh $(PEER)-$* peer-$*
	@rm -f $(PEER)-$*/.ready-* && touch $@
