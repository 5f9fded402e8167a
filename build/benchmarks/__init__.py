"""What build/bench is made of.

    main        the order of things: options, servers, runs
    row         how a row of the table is declared
    rows/       what is measured, a file for each subject
    servers     rill and its peers; a server between start and stop
    corpus      the library they serve, made on the spot
    client      one connection, many connections, streams
    network     the namespaces in which it happens
    report      the table
    growth      rill alone, by the size of its library
"""
