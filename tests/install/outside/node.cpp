// A program of a user of the installed library of nodes.
#include <taskactor/node/certificates.hpp>

int main(int, char** words) { taskactor::make_authority(words[1]); }
