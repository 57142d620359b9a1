taskactor push --queue nightly --unique backup --retries 3 --timeout 2h -- ./backup.sh
taskactor work --queue nightly=1 --queue default=8 --until-empty
taskactor status
taskactor jobs --state failed --state quarantined
taskactor store backup before.db
taskactor retry --queue nightly --yes
taskactor delete --state succeeded --yes
taskactor store check
