find photos -name '*.tif' | sort | taskactor run --store --batch photos -- convert {} {.}.jpg
taskactor jobs --queue run/photos --state failed
taskactor retry --queue run/photos --state failed --yes
find photos -name '*.tif' | sort | taskactor run --store --batch photos -- convert {} {.}.jpg
