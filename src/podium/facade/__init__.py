"""What an app can be asked, for everybody or for one principal. Imports what is below; app and CLI use it."""
