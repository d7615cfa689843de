.PHONY: test bench book demo reports
test: ## everything, from nothing: sets up what it needs
	tests/run
bench: ## what docs/benchmarks.md tells of
	cargo bench --workspace
	cargo build --release --no-default-features -p knowatt && tests/engines/jmh/bench target/release/knowatt
book: ## all documents, in target/book
	docs/book/make
reports: ## the studies' texts and plots again, all that can be made from a checkout; says what the rest wants
	reports/run
demo:
	cargo run --release --no-default-features -- demo
