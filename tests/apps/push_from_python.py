"""Pushes a job into the store that is in this folder; run by test_queue.py."""
import sqlite3

store = sqlite3.connect("jobs.db")
with store:  # a transaction, of which other rows may be as well
    store.execute(
        "INSERT INTO taskactor_push(queue, task, arguments, options, push_key) VALUES(?, ?, ?, ?, ?)",
        ("mail", "send_letter", '["ann@example.org"]', '{"priority": 2, "delay": 60}', "letter-7"),
    )
(job,) = store.execute("SELECT job FROM taskactor_push WHERE push_key = 'letter-7'").fetchone()
print(job)
