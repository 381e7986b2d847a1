# Sourced by bench/load and bench/avro, needs $work.

# warm_memory: has the system give out memory and take it back. A virtual machine that has returned free memory to its host has it
# again then; else what is measured next would pay for that, each way another price.
warm_memory() {
    head -c 1G /dev/zero >"$work/warm"
    rm "$work/warm"
}
