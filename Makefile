# Builds and installs the module by PGXS, as packagers and the clients of PGXN do:  make && make install
# The sources are those that CMake takes: every .cpp below src. Objects go below the folder that make runs in, so that each version of
# PostgreSQL can have one of its own:  make -C build-17 -f ../Makefile PG_CONFIG=/usr/lib/postgresql/17/bin/pg_config
root := $(dir $(firstword $(MAKEFILE_LIST)))
SOURCES = $(sort $(wildcard $(addprefix $(root)src/,*.cpp */*.cpp */*/*.cpp)))

MODULE_big = pg_ferry
OBJS = $(SOURCES:$(root)%.cpp=%.o)
EXTENSION = control/pg_ferry control/pg_ferry_hiring
DATA = $(patsubst $(root)%,%,$(wildcard $(root)extension/*.sql))
# but those tests that need modules of tests/
REGRESS = $(filter-out boundary load_foreign_types table_engine%,$(shell sed -n 's/^test: //p' $(root)tests/regress/schedule))
REGRESS_OPTS = --inputdir=$(root)tests/regress --outputdir=regress --encoding=UTF8
REGRESS_PREP = regress
EXTRA_CLEAN = regress
# the name that is in them
override CONTRIB_TESTDB = regression

override with_llvm = no
PG_CONFIG ?= pg_config
PG_CPPFLAGS = -I$(root)src -isystem $(shell $(PG_CONFIG) --includedir-server)
PG_CXXFLAGS = -std=c++20 -Wall -Wextra -Wshadow -fvisibility=hidden -fno-strict-aliasing -fwrapv
SHLIB_LINK = -lsimdjson -ldeflate -lsnappy -lzstd -llz4 -lz -lbz2 -llzma -lcurl -lcrypto -lpugixml -lstdc++

PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# as absolute paths, for make would take those of the sources for them
folders = $(sort $(dir $(abspath $(OBJS))))
$(OBJS): | $(folders)
$(folders):
	mkdir -p $@
regress:
	mkdir -p $@
