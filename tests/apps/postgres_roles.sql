CREATE ROLE worker LOGIN;
GRANT taskactor_run TO worker;
CREATE ROLE website LOGIN;
GRANT taskactor_push TO website;
