# Thin aliases for dev.py, which does the work and runs where there is no make.
PYTHON ?= python3

.PHONY: demo quality test torture plugins hosts lint types setup clean
demo quality test torture plugins hosts lint types setup clean:
	$(PYTHON) dev.py $@
