# What the page "Schedules" shows of `taskactor preview`.
taskactor preview '0 9 * * mon-fri' --zone Europe/Berlin --after 2026-03-26T12:00:00Z -n 3
taskactor preview 'every 1h30m from 2026-01-01T00:00:00Z' --utc
