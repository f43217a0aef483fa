#!/bin/sh
# Makes the .dtb files: compiles the .dts files and asks QEMU for its own trees.
# QEMU pads those to 1 MiB; a round through dtc leaves what is in them.
set -eu
cd "$(dirname "$0")"
for source in *.dts; do
    dtc -q -I dts -O dtb -o "${source%.dts}.dtb" "$source"
done

virt() {
    name=$1
    machine=$2
    shift 2
    qemu-system-aarch64 -M "virt,$machine,dumpdtb=$name.tmp" -display none -nic none "$@"
    dtc -q -I dtb -O dtb -o "$name.dtb" "$name.tmp"
    rm "$name.tmp"
}

virt virt-gicv3 gic-version=3 -cpu max -smp 8 -m 512M
virt virt-gicv2-el2 gic-version=2,virtualization=on,secure=on -cpu cortex-a72 -smp 1 -m 128M
virt virt-numa gic-version=3 -cpu cortex-a57 -smp 4,sockets=2,clusters=1,cores=2,threads=1 -m 1G \
    -object memory-backend-ram,size=512M,id=m0 -object memory-backend-ram,size=512M,id=m1 \
    -numa node,nodeid=0,cpus=0-1,memdev=m0 -numa node,nodeid=1,cpus=2-3,memdev=m1 \
    -numa dist,src=0,dst=1,val=25
