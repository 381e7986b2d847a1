# The server module pg_ferry.so, its control files and install scripts.
find_program(PG_CONFIG pg_config REQUIRED)
function(pg_config_value option variable)
  execute_process(COMMAND ${PG_CONFIG} ${option} OUTPUT_VARIABLE value OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  set(${variable} ${value} PARENT_SCOPE)
endfunction()
pg_config_value(--includedir-server PG_INCLUDE_SERVER)
pg_config_value(--pkglibdir PG_PKGLIBDIR)
pg_config_value(--sharedir PG_SHAREDIR)

# The bridge and the types are in the module and in one that tests them.
file(GLOB_RECURSE BRIDGE_SOURCES CONFIGURE_DEPENDS src/pg/*.cpp src/map/*.cpp src/export/*.cpp)
add_library(ferry_bridge OBJECT ${BRIDGE_SOURCES})
target_include_directories(ferry_bridge SYSTEM PUBLIC ${PG_INCLUDE_SERVER})
target_link_libraries(ferry_bridge PUBLIC ferry_core)
# the server's macros count in volatile variables
target_compile_options(ferry_bridge PUBLIC $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-volatile>)

file(GLOB_RECURSE FEATURE_SOURCES CONFIGURE_DEPENDS src/copy/*.cpp src/query/*.cpp src/load/*.cpp src/backup/*.cpp)
add_library(pg_ferry MODULE src/module.cpp ${FEATURE_SOURCES})
set_target_properties(pg_ferry PROPERTIES PREFIX "")
target_link_libraries(pg_ferry PRIVATE ferry_bridge)

install(TARGETS pg_ferry LIBRARY DESTINATION ${PG_PKGLIBDIR})
file(GLOB EXTENSION_FILES CONFIGURE_DEPENDS control/*.control extension/*.sql)
install(FILES ${EXTENSION_FILES} DESTINATION ${PG_SHAREDIR}/extension)
