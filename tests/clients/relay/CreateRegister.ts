// A mutation whose new node goes straight to the front of the list.
import { graphql } from 'react-relay';

export const mutation = graphql`
  mutation CreateRegisterMutation($input: CreatePatientRegisterInput!, $connections: [ID!]!) {
    createPatientRegister(input: $input) {
      patientRegister @prependNode(connections: $connections, edgeTypeName: "PatientRegisterEdge") {
        ...RegisterCard_register
      }
      userErrors {
        code
        message
        path
      }
    }
  }
`;
