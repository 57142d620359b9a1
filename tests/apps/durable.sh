taskactor push --retries 3 -- make -j4 && taskactor work --until-empty
