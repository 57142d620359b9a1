# What the page "Schedules" shows of `taskactor schedule`.
taskactor schedule add backup '0 3 * * *' --zone Europe/Berlin --retries 3 -- ./backup.sh
taskactor schedule list
taskactor schedule preview backup -n 2
taskactor schedule pause backup
taskactor schedule resume backup --make-up
taskactor schedule run backup
taskactor schedule delete backup
