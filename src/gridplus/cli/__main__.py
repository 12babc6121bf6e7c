from gridplus.cli import main

main()
