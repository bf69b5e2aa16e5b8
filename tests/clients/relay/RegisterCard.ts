// One register that fetches itself again: @refetchable on an object goes through node(id:).
import { graphql } from 'react-relay';

export const register = graphql`
  fragment RegisterCard_register on PatientRegister @refetchable(queryName: "RegisterCardRefetchQuery") {
    uuid
    firstName
    lastName
    dateOfBirth
    status
    version
    updatedAt
    institution {
      name
    }
    doctor {
      lastName
      specialty {
        name
      }
    }
  }
`;
