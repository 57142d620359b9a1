#!/bin/sh
taskactor run -j8 --timeout 30s --report r.jsonl --resume r.jsonl -a urls -- curl -sSO {}
