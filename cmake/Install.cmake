# CUPS says where its programs live; DESTDIR works as usual.
# Folders that are made on the way are their owner's, whatever the umask: cupsd runs nothing that others could replace.
set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
    WORLD_EXECUTE)
function(_pb_install target destination)
  if(TARGET ${target})
    install(TARGETS ${target} RUNTIME DESTINATION ${destination} ${ARGN})
  endif()
endfunction()
_pb_install(printbridge ${CMAKE_INSTALL_FULL_BINDIR})
_pb_install(printbridged ${CMAKE_INSTALL_FULL_SBINDIR})
_pb_install(printbridge-service ${CMAKE_INSTALL_FULL_SBINDIR})
_pb_install(printbridgefetch ${CUPS_SERVERBIN}/filter)
_pb_install(printbridge-notifier ${CUPS_SERVERBIN}/notifier)
_pb_install(printbridge-driver ${CUPS_SERVERBIN}/driver)
# As CUPS's own ipp and lpd: cupsd runs a backend that only its owner may run as root, which it must be to read the
# sign-in of the user whose job it prints.
_pb_install(printbridge-backend ${CUPS_SERVERBIN}/backend PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
file(GLOB _mime ${CMAKE_SOURCE_DIR}/filter/*.types ${CMAKE_SOURCE_DIR}/filter/*.convs)
install(FILES ${_mime} DESTINATION ${CUPS_DATADIR}/mime)
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_FULL_DOCDIR})
install(FILES docs/man/printbridge.1 DESTINATION ${CMAKE_INSTALL_FULL_MANDIR}/man1)
install(FILES docs/man/printbridge.8 DESTINATION ${CMAKE_INSTALL_FULL_MANDIR}/man8)
