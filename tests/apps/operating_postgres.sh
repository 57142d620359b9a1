createdb app
taskactor store migrate --store postgresql:///app     # as the database's owner: makes the schema taskactor

export TASKACTOR_STORE=postgresql:///app
taskactor push --queue nightly --unique backup -- ./backup.sh
taskactor work --queue nightly=2 --commands nightly --until-empty
taskactor status
taskactor run --store --batch photos -- echo {} ::: one two

pg_dump --schema=taskactor --format=custom --file=jobs.dump app

# All workers are stopped.
psql -q -d app -c 'DROP SCHEMA taskactor CASCADE'
pg_restore --dbname=app jobs.dump
taskactor store restored
